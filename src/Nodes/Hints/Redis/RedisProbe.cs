using Rondo.Storage;

namespace Rondo.Nodes;

/// <summary>Asks a Redis whether it is there, for a command that is not connected to it.</summary>
public static class RedisProbe
{
    /// <summary>How it is now. At most a few seconds; never throws for what is wrong with Redis.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="database">The database whose clock tells the time.</param>
    /// <param name="time">Time.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<RedisHintState> AskAsync(RedisAddress address, Database database, TimeProvider time, CancellationToken stop)
    {
        try
        {
            using var connection = await RedisConnection.OpenAsync(address, time, stop).ConfigureAwait(false);
            await connection.AskAsync(RedisConnection.OpenWithin, stop, "PING").ConfigureAwait(false);
            return new RedisHintState(address.Shown, true, null, null, 0, 0, 0);
        }
        catch (RedisFault fault)
        {
            return new RedisHintState(address.Shown, false, database.Clock.Now, fault.Message, 0, 0, 0);
        }
    }
}
