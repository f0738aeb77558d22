using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>What a caller may, as far as the feed is concerned.</summary>
public enum FeedRole
{
    /// <summary>Every topic.</summary>
    Admin,

    /// <summary>Every topic but those for administrators.</summary>
    Operator,

    /// <summary>The same as an operator: the feed changes nothing.</summary>
    Viewer,

    /// <summary>None: it brings readings and sees nothing.</summary>
    Ingest,
}

/// <summary>Who listens.</summary>
/// <param name="Who">A name for people, never a secret.</param>
/// <param name="Role">What they may.</param>
public sealed record FeedCaller(string Who, FeedRole Role)
{
    /// <summary>Names the token they came with, also after it was rotated; null for none. What is counted for the limit of connections.</summary>
    public string? TokenId { get; init; }

    /// <summary>
    /// This very token or session, and no other of the same name: by it <see cref="IFeedAccess.FindAsync"/> finds them again, for a ticket, and a revocation names it. No secret. Null for who has none.
    /// </summary>
    public string? Handle { get; init; }

    /// <summary>Cancelled when that has ended. Whoever comes while it does is not yet among those whom <see cref="IFeedAccess.OnRevoked"/> ends.</summary>
    public CancellationToken Ended { get; init; }

    /// <summary>When the token ends, by the database clock; null for never.</summary>
    public Instant? ExpiresAt { get; init; }

    /// <summary>The only devices they may see; null for all.</summary>
    public IReadOnlySet<long>? Devices { get; init; }

    /// <summary>The only topics they may have, exact or with a <c>*</c> at the end; null for all.</summary>
    public IReadOnlyList<string>? Topics { get; init; }
}

/// <summary>What comes of a bearer token.</summary>
/// <param name="Caller">Who it is of; null when it is not valid (unknown, ended, revoked).</param>
/// <param name="IsGuess">True when it never was: whoever guesses has to wait.</param>
public readonly record struct FeedAnswer(FeedCaller? Caller, bool IsGuess = false);

/// <summary>Who may listen; given by the host.</summary>
public interface IFeedAccess
{
    /// <summary>Who a bearer token is of.</summary>
    ValueTask<FeedAnswer> AuthenticateAsync(string token, CancellationToken stop);

    /// <summary>Who comes with a ticket that was given to <paramref name="handle"/> (<see cref="FeedCaller.Handle"/>), as they are now; null when they may no more.</summary>
    ValueTask<FeedCaller?> FindAsync(string handle, CancellationToken stop);

    /// <summary>Who comes without a token; null when they have to bring one.</summary>
    /// <param name="isLoopback">True for a connection from this machine.</param>
    FeedCaller? WithoutToken(bool isLoopback);

    /// <summary>Calls <paramref name="revoked"/> with the <see cref="FeedCaller.Handle"/> of each token or session that ends before its time, within a second, whichever node revoked it.</summary>
    void OnRevoked(Action<string> revoked);
}

/// <summary>Which topics a caller may have.</summary>
internal static class FeedRules
{
    /// <summary>Why <paramref name="caller"/> may not have <paramref name="topic"/>; null when they may.</summary>
    public static FeedError? Refusal(FeedCaller caller, string topic)
    {
        if (!Topics.IsKnown(topic))
        {
            return new FeedError(FeedError.UnknownTopic, $"'{Shown(topic)}' is no topic; expected devices.ID, categories.NAME, metrics.NAME, jobs.QUEUE, imports.ID, {Topics.Admin} or {Topics.Global}");
        }

        if (caller.Role == FeedRole.Ingest || (topic == Topics.Admin && caller.Role != FeedRole.Admin))
        {
            return new FeedError(FeedError.Forbidden, $"the role {caller.Role.ToString().ToLowerInvariant()} may not have '{topic}'");
        }

        if (caller.Topics is { } topics && !topics.Any(t => t.EndsWith('*') ? topic.StartsWith(t[..^1], StringComparison.Ordinal) : topic == t))
        {
            return new FeedError(FeedError.OutOfScope, $"the token is for {string.Join(", ", topics)}, not for '{topic}'");
        }

        // What other topics tell may be of any device.
        return caller.Devices is { } devices && !(Topics.DeviceOf(topic) is { } device && devices.Contains(device))
            ? new FeedError(FeedError.OutOfScope, $"the token is for some devices, by topics such as {(devices.Count > 0 ? Topics.Device(devices.First()) : "devices.ID")}, not for '{topic}'")
            : null;
    }

    private static string Shown(string topic) => new([.. topic.Take(60).Select(c => char.IsControl(c) ? '?' : c)]);
}
