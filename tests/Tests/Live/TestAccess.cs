using System.Collections.Concurrent;
using Rondo.Live.Feed;

namespace Rondo.Tests.Live;

/// <summary>Tokens in the hands of a test.</summary>
internal sealed class TestAccess : IFeedAccess
{
    private readonly List<Action<string>> _revoked = [];
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _ended = new();

    public ConcurrentDictionary<string, FeedCaller> Tokens { get; } = new();

    public FeedCaller? Anybody { get; set; }

    /// <summary>What happens between the look-up of a token and what comes of it.</summary>
    public Action<string> Looked { get; set; } = _ => { };

    public TestAccess With(string token, FeedCaller caller)
    {
        Tokens[token] = caller with { TokenId = token, Handle = token, Ended = _ended.GetOrAdd(token, _ => new CancellationTokenSource()).Token };
        return this;
    }

    public ValueTask<FeedAnswer> AuthenticateAsync(string token, CancellationToken stop)
    {
        var caller = Tokens.GetValueOrDefault(token);
        Looked(token);
        return new(new FeedAnswer(caller, caller is null));
    }

    public ValueTask<FeedCaller?> FindAsync(string handle, CancellationToken stop) => new(Tokens.GetValueOrDefault(handle));

    public FeedCaller? WithoutToken(bool isLoopback) => Anybody;

    public void OnRevoked(Action<string> revoked) => _revoked.Add(revoked);

    public void Revoke(string token)
    {
        Tokens.TryRemove(token, out _);
        _ended[token].Cancel();
        _revoked.ForEach(r => r(token));
    }
}
