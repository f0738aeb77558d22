namespace Rondo.Jobs.Upkeep;

/// <summary>What a look at slots and unique keys put right.</summary>
/// <param name="Slots">Slots of concurrency keys whose job does not hold them any more.</param>
/// <param name="UniqueKeys">Unique keys whose job does not live any more.</param>
/// <param name="Queues">Queues that have something new to run.</param>
public sealed record KeyRepair(int Slots, int UniqueKeys, IReadOnlyCollection<string> Queues);
