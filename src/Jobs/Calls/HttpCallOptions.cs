namespace Rondo.Jobs.Calls;

/// <summary>Settings of calls.</summary>
public sealed record HttpCallOptions
{
    /// <summary>What may be called although its address is not a public one. Default: nothing.</summary>
    public IReadOnlyList<CallTarget> Allow { get; init; } = [];

    /// <summary>What calls are signed with. Those of a host sign what goes to it, those without a host the rest; two of one host, the new and the old one, sign both. Default: none, and nothing is signed.</summary>
    public IReadOnlyList<SigningSecret> Secrets { get; init; } = [];

    /// <summary>How long the whole of an attempt may take when its arguments do not say. Default 30 s; 100 ms to 10 min.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Checks ranges.</summary>
    /// <exception cref="InvalidOperationException">One is out of its range.</exception>
    public void Check()
    {
        if (Timeout < TimeSpan.FromMilliseconds(HttpCallCheck.ShortestMs) || Timeout > TimeSpan.FromMilliseconds(HttpCallCheck.LongestMs))
        {
            throw new InvalidOperationException($"jobs.http: timeout {Timeout}; 100 ms to 10 min");
        }

        if (Secrets.GroupBy(secret => secret.Host, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 2) is { } many)
        {
            throw new InvalidOperationException($"jobs.http: {many.Count()} secrets {(many.Key is null ? "without a host" : $"of {many.Key}")}; at most 2, the new and the old one");
        }
    }

    internal IReadOnlyList<SigningSecret> SecretsOf(string host)
    {
        var name = CallTarget.HostOf(host) ?? host;
        var own = Secrets.Where(secret => secret.Host == name).ToArray();
        return own.Length > 0 ? own : [.. Secrets.Where(secret => secret.Host is null)];
    }
}
