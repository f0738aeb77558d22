using Rondo.Storage;

namespace Rondo.Nodes;

/// <summary>How hints go, for health and people. None of it says that anything is wrong: without hints everything is found out a little later.</summary>
/// <param name="IsListening">True while hints of other processes are heard.</param>
/// <param name="LastHeardAt">When the last one of another process was heard, or null.</param>
/// <param name="Sent">Notifications sent; one carries everything that was asked for meanwhile.</param>
/// <param name="Received">Notifications of other processes.</param>
/// <param name="Failed">Notifications that could not be sent (they are tried again), topics that were refused, and subscribers that threw.</param>
public sealed record HintState(bool IsListening, Instant? LastHeardAt, long Sent, long Received, long Failed);
