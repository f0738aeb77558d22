using Npgsql;
using NpgsqlTypes;

namespace Rondo.Storage.Postgres;

/// <summary>Columns of many rows as parameters of one statement.</summary>
public static class ArrayParameters
{
    /// <summary>Adds one column.</summary>
    /// <param name="parameters">Of the statement.</param>
    /// <param name="values">A value for each row.</param>
    /// <param name="type">Type of the column.</param>
    public static void AddArray<T>(this NpgsqlParameterCollection parameters, T[] values, NpgsqlDbType type) =>
        parameters.Add(new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type });
}
