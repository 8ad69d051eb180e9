// Migrate.cs up|skip|assert|status [SOURCE]: migrations from an application, with .NET and Npgsql.
//
// NOT EXECUTED by the tests of this project, unlike the other programs here.
//
//     up      run what is pending; waits while another instance does
//     skip    the same, but leaves it to the other instance and goes on
//     assert  fails unless the schema is current: before serving, or after skip
//     status  what is applied, what is pending
//
// SOURCE is a directory on the server or stage:NAME; without it that of the registered service. The database is
// DATABASE_URL, as Npgsql writes it: "Host=db.example;Database=shop;Username=deploy". Exit status: 0, or 1 after an error.
using System.Text.Json;
using Npgsql;

string command = args.Length > 0 ? args[0] : "";
object source = args.Length > 1 ? args[1] : DBNull.Value;

// CommandTimeout is 30 seconds unless said otherwise: 0 lets a migration take its time.
var settings = new NpgsqlConnectionStringBuilder(Environment.GetEnvironmentVariable("DATABASE_URL")) { CommandTimeout = 0 };

try
{
    // Autocommit is what a command outside of BeginTransaction() has.
    await using var connection = new NpgsqlConnection(settings.ConnectionString);
    connection.Notice += (_, e) => Console.Error.WriteLine($"{e.Notice.Severity}:  {e.Notice.MessageText}");
    await connection.OpenAsync();

    switch (command)
    {
        case "up":
        case "skip":
            await using (var call = Command("CALL migrator.up(@source, if_locked => @if_locked)"))
            {
                call.Parameters.AddWithValue("if_locked", NpgsqlTypes.NpgsqlDbType.Text, command == "skip" ? "skip" : DBNull.Value);
                var result = JsonDocument.Parse((string)(await call.ExecuteScalarAsync())!).RootElement;
                Console.WriteLine($"{result.GetProperty("outcome")}: {result.GetProperty("applied")} applied");
            }
            break;
        case "assert":
            await using (var query = Command("SELECT migrator.assert_current(@source)"))
                await query.ExecuteNonQueryAsync();
            break;
        case "status":
            await using (var query = Command("SELECT concat_ws(' ', version, name, state, nullif(array_to_string(flags, ' '), ''))"
                    + " FROM migrator.status(@source)"))
            await using (var rows = await query.ExecuteReaderAsync())
                while (await rows.ReadAsync())
                    Console.WriteLine(rows.GetString(0));
            break;
        default:
            Console.Error.WriteLine("usage: Migrate up|skip|assert|status [SOURCE]");
            return 1;
    }
    return 0;

    NpgsqlCommand Command(string sql)
    {
        var made = new NpgsqlCommand(sql, connection);
        made.Parameters.AddWithValue("source", NpgsqlTypes.NpgsqlDbType.Text, source);
        return made;
    }
}
catch (PostgresException error)
{
    // Detail is hidden unless the connection string has "Include Error Detail=true"; Where is CONTEXT
    Console.Error.WriteLine($"{error.SqlState}: {error.MessageText}\n{error.Detail}\n{error.Hint}\n{error.Where}");
    return 1;
}
catch (NpgsqlException error)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
