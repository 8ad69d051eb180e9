// Push.java DIR [NAME]: stages the migrations in DIR as stage:NAME, sending what the server lacks, and runs them.
//
//     DATABASE_URL="jdbc:postgresql://localhost/shop?user=deploy" java -cp postgresql.jar Push.java DIR [NAME]
//
// Needs Java 17 and PostgreSQL's JDBC driver; for file names beyond ASCII a UTF-8 locale, such as LC_ALL=C.UTF-8.
import java.io.File;
import java.nio.file.*;
import java.security.MessageDigest;
import java.sql.*;
import java.util.*;

public class Push {
  /** Contents by path. Layouts have folders one level deep; dot entries (.git, ..data) are left out. */
  static Map<String, byte[]> readFiles(Path directory) throws Exception {
    var files = new LinkedHashMap<String, byte[]>();
    try (var found = Files.walk(directory, 2, FileVisitOption.FOLLOW_LINKS)) {
      for (Path path : found.filter(p -> !Files.isDirectory(p)).toList()) {
        String name = directory.relativize(path).toString().replace(File.separatorChar, '/');
        if (!("/" + name).contains("/.")) files.put(name, Files.readAllBytes(path));
      }
    }
    return files;
  }

  /** Make the files the whole of the set; returns how many had to be sent. */
  static int stage(Connection connection, String name, Map<String, byte[]> files) throws Exception {
    var checksums = new ArrayList<String>();
    for (byte[] content : files.values())
      checksums.add(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content)));
    Array paths = connection.createArrayOf("text", files.keySet().toArray());
    Array sums = connection.createArrayOf("text", checksums.toArray());

    connection.setAutoCommit(false);
    ResultSet rows = query(connection, "SELECT migrator.stage_missing(?, ?, ?)", name, paths, sums);
    var missing = new HashSet<String>();
    while (rows.next()) missing.add(rows.getString(1));
    // a null content is one that the server has: it is found by its checksum, or stage() fails
    byte[][] contents = files.keySet().stream().map(path -> missing.contains(path) ? files.get(path) : null).toArray(byte[][]::new);
    query(connection, "SELECT migrator.stage(?, ?, ?, ?)", name, paths, connection.createArrayOf("bytea", contents), sums);
    connection.commit();
    return missing.size();
  }

  static void up(Connection connection, String source) throws SQLException {
    // each migration is a transaction of its own, so CALL must not be sent within one of ours
    connection.setAutoCommit(true);
    ResultSet result = query(connection, "CALL migrator.up(?, options => '{\"verbose\": true}')", source);
    for (SQLWarning notice = result.getStatement().getWarnings(); notice != null; notice = notice.getNextWarning())
      System.err.println(notice.getMessage());
    result.next();
    // Java comes without JSON: the server makes rows of it
    ResultSet rows = query(connection, "SELECT * FROM jsonb_to_recordset(?::jsonb -> 'migrations')"
        + " AS m(version text, name text, outcome text, execution_time_ms float8)", result.getString(1));
    while (rows.next())
      System.out.printf("%-20s %-30s %-10s %10.3f ms%n", rows.getString(1), rows.getString(2), rows.getString(3), rows.getDouble(4));
  }

  static ResultSet query(Connection connection, String sql, Object... values) throws SQLException {
    PreparedStatement statement = connection.prepareStatement(sql);
    for (int i = 0; i < values.length; i++) statement.setObject(i + 1, values[i]);
    return statement.executeQuery();
  }

  public static void main(String[] arguments) {
    if (arguments.length == 0) {
      System.err.println("usage: Push.java DIR [NAME]");
      System.exit(1);
    }
    try {
      var files = readFiles(Path.of(arguments[0]));
      String name = arguments.length > 1 ? arguments[1] : "default";
      try (Connection connection = DriverManager.getConnection(System.getenv("DATABASE_URL"))) {
        System.out.printf("%d of %d files were sent to stage:%s%n", stage(connection, name, files), files.size(), name);
        up(connection, "stage:" + name);
      }
    } catch (Exception error) {
      // the server's message names migration, file and line
      System.err.println(error);
      System.exit(1);
    }
  }
}
