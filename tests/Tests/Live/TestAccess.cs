using System.Collections.Concurrent;
using Rondo.Live.Feed;

namespace Rondo.Tests.Live;

/// <summary>Tokens in the hands of a test.</summary>
internal sealed class TestAccess : IFeedAccess
{
    private readonly List<Action<string>> _revoked = [];

    public ConcurrentDictionary<string, FeedCaller> Tokens { get; } = new();

    public FeedCaller? Anybody { get; set; }

    public TestAccess With(string token, FeedCaller caller)
    {
        Tokens[token] = caller with { TokenId = token, Handle = token };
        return this;
    }

    public ValueTask<FeedCaller?> AuthenticateAsync(string token, CancellationToken stop) => new(Tokens.GetValueOrDefault(token));

    public ValueTask<FeedCaller?> FindAsync(string handle, CancellationToken stop) => new(Tokens.GetValueOrDefault(handle));

    public FeedCaller? WithoutToken(bool isLoopback) => Anybody;

    public void OnRevoked(Action<string> revoked) => _revoked.Add(revoked);

    public void Revoke(string token)
    {
        Tokens.TryRemove(token, out _);
        _revoked.ForEach(r => r(token));
    }
}
