// Migrate.java up|skip|assert|status [SOURCE]: migrations from an application, with PostgreSQL's JDBC driver.
//
//     up      run what is pending; waits while another instance does
//     skip    the same, but leaves it to the other instance and goes on
//     assert  fails unless the schema is current: before serving, or after skip
//     status  what is applied, what is pending
//
//     DATABASE_URL="jdbc:postgresql://localhost/shop?user=deploy" java -cp postgresql.jar Migrate.java up [SOURCE]
//
// SOURCE is a directory on the server or stage:NAME; without it that of the registered service. Needs Java 17.
// Exit status: 0, or 1 after an error.
import java.sql.*;
import org.postgresql.util.PSQLException;

public class Migrate {
  static void up(Connection connection, String source, String ifLocked) throws SQLException {
    // each migration is a transaction of its own; a pool may hand out connections without autocommit
    connection.setAutoCommit(true);
    try (PreparedStatement call = connection.prepareStatement("CALL migrator.up(?, if_locked => ?)")) {
      call.setString(1, source);
      call.setString(2, ifLocked);
      ResultSet result = call.executeQuery();
      // the notices are the warnings of the statement
      for (SQLWarning notice = call.getWarnings(); notice != null; notice = notice.getNextWarning())
        System.err.println(notice.getMessage());
      result.next();
      String json = result.getString(1);
      // Java comes without JSON: the server takes it apart
      try (PreparedStatement fields = connection.prepareStatement("SELECT r ->> 'outcome', r ->> 'applied' FROM CAST(? AS jsonb) r")) {
        fields.setString(1, json);
        ResultSet row = fields.executeQuery();
        row.next();
        System.out.printf("%s: %s applied%n", row.getString(1), row.getString(2));
      }
    }
  }

  static void assertCurrent(Connection connection, String source) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement("SELECT migrator.assert_current(?)")) {
      query.setString(1, source);
      query.execute();
    }
  }

  static void status(Connection connection, String source) throws SQLException {
    String sql = "SELECT version, name, state, array_to_string(flags, ' ') FROM migrator.status(?)";
    try (PreparedStatement query = connection.prepareStatement(sql)) {
      query.setString(1, source);
      ResultSet rows = query.executeQuery();
      while (rows.next())
        System.out.println(String.join(" ", rows.getString(1), rows.getString(2), rows.getString(3), rows.getString(4)).strip());
    }
  }

  public static void main(String[] arguments) {
    String command = arguments.length > 0 ? arguments[0] : "";
    String source = arguments.length > 1 ? arguments[1] : null;
    try (Connection connection = DriverManager.getConnection(System.getenv("DATABASE_URL"))) {
      switch (command) {
        case "up" -> up(connection, source, null);
        case "skip" -> up(connection, source, "skip");
        case "assert" -> assertCurrent(connection, source);
        case "status" -> status(connection, source);
        default -> throw new SQLException("usage: Migrate.java up|skip|assert|status [SOURCE]");
      }
    } catch (SQLException error) {
      // getMessage() has message, detail, hint and "Where", which is CONTEXT; getServerErrorMessage() each by itself
      System.err.println(error.getSQLState() + ": " + error.getMessage());
      if (error instanceof PSQLException e && e.getServerErrorMessage() != null && e.getServerErrorMessage().getWhere() != null)
        System.err.println("CONTEXT:  " + e.getServerErrorMessage().getWhere());
      System.exit(1);
    }
  }
}
