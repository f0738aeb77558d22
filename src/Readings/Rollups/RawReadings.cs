using Rondo.Storage;

namespace Rondo.Readings.Rollups;

/// <summary>What whoever lets go of samples has to say first.</summary>
public static class RawReadings
{
    /// <summary>Samples before an instant may be gone from now on: buckets there are not replaced by ones of fewer readings. In a transaction that is committed before the first sample goes.</summary>
    public static void KeepFrom(Transaction tx, Instant before) => SourceStore.KeepFrom(tx, before);
}
