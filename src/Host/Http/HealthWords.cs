using Rondo.Diagnostics;
using Rondo.Polling.Proof;

namespace Rondo.Host.Http;

/// <summary>
/// Health as it is told to everybody: looked at once a second at most, however many ask. Whoever has no token must not be able to keep the database busy by asking; viewers get what is true now.
/// </summary>
internal sealed class HealthWords(Server server)
{
    /// <summary>Whether this node does its work.</summary>
    public RememberedLook<bool> Ready { get; } = new(server.Time, async () => (await HealthEndpoints.NotReadyAsync(server, CancellationToken.None).ConfigureAwait(false)).Count == 0);

    /// <summary>Health of polling.</summary>
    public RememberedLook<Health> Polling { get; } =
        new(server.Time, async () => Finding.Worst(HealthReader.Judge(await HealthEndpoints.FactsAsync(server, CancellationToken.None).ConfigureAwait(false))));

    /// <summary>Health of polling and jobs together.</summary>
    public RememberedLook<Health> All { get; } = new(server.Time, async () => Finding.Worst((await JobHealthEndpoints.JudgeAllAsync(server, CancellationToken.None).ConfigureAwait(false)).Reasons));

    /// <summary>Health of every part.</summary>
    public RememberedLook<Health> Parts { get; } = new(server.Time, async () => (await server.Board.LookAsync(CancellationToken.None).ConfigureAwait(false)).Status);
}
