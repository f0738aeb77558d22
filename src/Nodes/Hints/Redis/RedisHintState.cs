using Rondo.Storage;

namespace Rondo.Nodes;

/// <summary>How Redis does as a carrier of hints.</summary>
/// <param name="Address">Where it is, without the password.</param>
/// <param name="IsConnected">True while hints are told and heard there.</param>
/// <param name="AwaySince">Since when they are not; null while they are.</param>
/// <param name="LastError">Why not, as the last try found out; null while connected, and before the first try has ended.</param>
/// <param name="Sent">Messages that Redis took.</param>
/// <param name="Received">Messages of other processes that came from there.</param>
/// <param name="Failed">Messages that it did not take; NOTIFY carried them.</param>
public sealed record RedisHintState(string Address, bool IsConnected, Instant? AwaySince, string? LastError, long Sent, long Received, long Failed);
