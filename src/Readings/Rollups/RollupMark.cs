using Rondo.Storage;

namespace Rondo.Readings.Rollups;

/// <summary>A span of samples of a source that were written, replaced or taken away.</summary>
/// <param name="Source">The source.</param>
/// <param name="From">Instant of the first of them.</param>
/// <param name="To">Instant of the last of them, which belongs to the span.</param>
public readonly record struct RollupMark(long Source, Instant From, Instant To);
