using System.Text;
using Npgsql;
using Rondo.Storage.Postgres;
using Rondo.Storage.Sqlite;

namespace Rondo.Storage;

/// <summary>Many rows, fast: one prepared statement row by row on SQLite (where a statement costs no round trip), multi-row VALUES on PostgreSQL.</summary>
public static class BulkInsert
{
    private const int MaxParameters = 4_000;

    /// <summary>Inserts <paramref name="rows"/>; every row has a value (or null) per column.</summary>
    public static void InsertMany(this Transaction tx, string table, string[] columns, IReadOnlyList<object?[]> rows)
    {
        if (rows.Count == 0)
        {
            return;
        }

        if (tx is SqliteWork sqlite)
        {
            using var run = tx.Run($"insert.{table}");
            using var insert = sqlite.Prepare(Text(table, columns, 1, "?"));
            foreach (var row in rows)
            {
                for (var c = 0; c < row.Length; c++)
                {
                    insert.BindAny(c + 1, row[c]);
                }

                insert.Execute();
            }

            return;
        }

        var perPiece = MaxParameters / columns.Length;
        for (var start = 0; start < rows.Count; start += perPiece)
        {
            Insert((PostgresWork)tx, table, columns, rows, start, Math.Min(perPiece, rows.Count - start));
        }
    }

    private static void Insert(PostgresWork tx, string table, string[] columns, IReadOnlyList<object?[]> rows, int start, int count)
    {
        using var insert = new NpgsqlCommand($"{Sql.Mark($"insert.{table}")} {Text(table, columns, count, "$")}", tx.Link);
        for (var r = start; r < start + count; r++)
        {
            foreach (var value in rows[r])
            {
                insert.Parameters.Add(new NpgsqlParameter { Value = value is Instant at ? at.ToDateTime() : value ?? DBNull.Value });
            }
        }

        using var run = tx.Run($"insert.{table}");
        insert.ExecuteNonQuery();
    }

    private static string Text(string table, string[] columns, int rows, string mark)
    {
        var text = new StringBuilder().Append("insert into ").Append(table).Append(" (").AppendJoin(", ", columns).Append(") values ");
        for (var r = 0; r < rows; r++)
        {
            text.Append(r == 0 ? "(" : ", (");
            for (var c = 0; c < columns.Length; c++)
            {
                text.Append(c == 0 ? "" : ", ").Append(mark).Append((r * columns.Length) + c + 1);
            }

            text.Append(')');
        }

        return text.ToString();
    }
}
