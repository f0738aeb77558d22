using Npgsql;
using NpgsqlTypes;

namespace Rondo.Jobs;

/// <summary>Binding by position, for the statements of hot paths that are sent together.</summary>
internal static class BatchCommands
{
    public static void Add(this NpgsqlBatchCommand command, NpgsqlDbType type, object value) => command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = type, Value = value });
}
