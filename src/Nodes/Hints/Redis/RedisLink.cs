namespace Rondo.Nodes;

/// <summary>
/// The way to and from a Redis: one connection that hears, since a subscribed one can say no more than PING, and one that tells. They live and die together, so that
/// whoever tells knows that it hears as well.
/// </summary>
internal sealed class RedisLink : IDisposable
{
    /// <summary>After so long a silence the server is asked whether it is still there.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    /// <summary>How long it has for the answer.</summary>
    public static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    /// <summary>How long it may take to accept a message: longer, and NOTIFY is the quicker way.</summary>
    public static readonly TimeSpan TellWithin = TimeSpan.FromMilliseconds(500);

    private readonly RedisConnection _ear;
    private readonly RedisConnection _mouth;
    private readonly string _channel;
    private volatile RedisFault? _fault;

    private RedisLink(RedisConnection ear, RedisConnection mouth, string channel)
    {
        _ear = ear;
        _mouth = mouth;
        _channel = channel;
    }

    /// <summary>Connects both, and proves both rights: a user may be allowed the one and not the other.</summary>
    /// <param name="address">Where Redis is.</param>
    /// <param name="channel">What is heard and told on.</param>
    /// <param name="greeting">What is told to prove it; nobody must take it for a hint.</param>
    /// <param name="time">Time.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="RedisFault">It did not come to it.</exception>
    public static async Task<RedisLink> OpenAsync(RedisAddress address, string channel, string greeting, TimeProvider time, CancellationToken stop)
    {
        RedisConnection? ear = null;
        RedisConnection? mouth = null;
        try
        {
            ear = await RedisConnection.OpenAsync(address, time, stop).ConfigureAwait(false);
            if (await ear.AskAsync(RedisConnection.OpenWithin, stop, "SUBSCRIBE", channel).ConfigureAwait(false) is not { Items: [{ Text: "subscribe" }, ..] })
            {
                throw new RedisFault("it answered SUBSCRIBE with something else");
            }

            mouth = await RedisConnection.OpenAsync(address, time, stop).ConfigureAwait(false);
            await TellAsync(mouth, channel, greeting, RedisConnection.OpenWithin, stop).ConfigureAwait(false);
            return new RedisLink(ear, mouth, channel);
        }
        catch
        {
            mouth?.Dispose();
            ear?.Dispose();
            throw;
        }
    }

    /// <summary>Tells; returns how many hear it, this link included.</summary>
    /// <exception cref="RedisFault">It was not taken, or nobody knows; the link is given up.</exception>
    public async Task<long> TellAsync(string payload)
    {
        try
        {
            return await TellAsync(_mouth, _channel, payload, TellWithin, CancellationToken.None).ConfigureAwait(false);
        }
        catch (RedisFault fault)
        {
            // Before the connections are closed: whoever hears on the other one shall say why.
            _fault ??= fault;
            Dispose();
            throw;
        }
    }

    /// <summary>Tells on a connection of the caller's; returns how many hear it.</summary>
    public static async Task<long> TellAsync(RedisConnection mouth, string channel, string payload, TimeSpan within, CancellationToken stop) =>
        await mouth.AskAsync(within, stop, "PUBLISH", channel, payload).ConfigureAwait(false) is { Kind: RespKind.Integer, Number: var hearers }
            ? hearers
            : throw new RedisFault("it answered PUBLISH with something else than a number");

    /// <summary>Waits until something came, 15 s at most: after a silence whatever comes proves that the server is there.</summary>
    /// <param name="heard">Gets the message, if it is one.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="RedisFault">Nobody is there any more; the link must be disposed of.</exception>
    public async Task HearAsync(Action<string> heard, CancellationToken stop)
    {
        try
        {
            if (await _ear.ReadAsync(Silence, stop).ConfigureAwait(false) is not { } said)
            {
                await _ear.SendAsync(AnswerWithin, stop, "PING").ConfigureAwait(false);
                said = await _ear.ReadAsync(AnswerWithin, stop).ConfigureAwait(false) ?? throw new RedisFault($"it did not answer PING within {AnswerWithin.TotalSeconds} s");
            }

            Take(said, heard);
        }
        catch (RedisFault fault)
        {
            throw _fault ?? fault;
        }
    }

    /// <summary>Closes both connections.</summary>
    public void Dispose()
    {
        _mouth.Dispose();
        _ear.Dispose();
    }

    private void Take(RespValue said, Action<string> heard)
    {
        switch (said)
        {
            case { Kind: RespKind.Array, Items: [{ Text: "message" }, { Text: var channel }, { Text: { } payload }] } when channel == _channel:
                heard(payload);
                break;
            case { Kind: RespKind.Array, Items: [{ Text: "pong" }, ..] }:
                break;
            default:
                // Also "+PONG", which says that this connection is subscribed to nothing.
                throw new RedisFault($"it ended the subscription: {RedisConnection.Shown(said.Text)}");
        }
    }
}
