using System.Data;
using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace Rondo.Storage;

/// <summary>The one place that says how our types look in each database.</summary>
internal static class Mapping
{
    private static int _done;

    public static void Register()
    {
        if (Interlocked.Exchange(ref _done, 1) == 1)
        {
            return;
        }

        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.AddTypeHandler(typeof(Instant), new InstantHandler());
        SqlMapper.AddTypeHandler(new IdListHandler());
    }

    // Not Dapper's TypeHandler<Instant>: that one cannot say null for the only column of a row.
    private sealed class InstantHandler : SqlMapper.ITypeHandler
    {
        public void SetValue(IDbDataParameter parameter, object value)
        {
            var at = value as Instant?;
            if (parameter is NpgsqlParameter postgres)
            {
                postgres.NpgsqlDbType = NpgsqlDbType.TimestampTz;
                postgres.Value = at is { } known ? known.ToDateTime() : DBNull.Value;
            }
            else
            {
                parameter.DbType = DbType.Int64;
                parameter.Value = at is { } known ? known.Micros : DBNull.Value;
            }
        }

        public object? Parse(Type destinationType, object value) => value switch
        {
            null or DBNull => null,
            long micros => new Instant(micros),
            DateTime utc => Instant.From(utc),
            _ => throw new InvalidCastException($"{value.GetType().Name} is not an instant"),
        };
    }

    private sealed class IdListHandler : SqlMapper.TypeHandler<IdList>
    {
        public override void SetValue(IDbDataParameter parameter, IdList value)
        {
            if (parameter is NpgsqlParameter postgres)
            {
                postgres.NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint;
                postgres.Value = value.Values;
            }
            else
            {
                parameter.DbType = DbType.String;
                parameter.Value = "[" + string.Join(',', value.Values) + "]";
            }
        }

        public override IdList Parse(object value) => throw new NotSupportedException("a list of ids is a parameter, never a column");
    }
}
