using Rondo.Storage;

namespace Rondo.Imports.Load;

/// <summary>Writes of imports, once more where somebody else was in the way.</summary>
internal static class BusyWrites
{
    private const int MostTries = 4;

    /// <summary>Does work in a transaction; again when it was undone for certain: another import wrote the same, or held it for too long.</summary>
    public static async Task<T> WriteAgainAsync<T>(this Database database, string name, Func<Transaction, T> work, CancellationToken stop)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await database.WriteAsync(name, work, stop).ConfigureAwait(false);
            }
            catch (StorageFault fault) when (fault.Kind == StorageFaultKind.Busy && attempt < MostTries)
            {
                // Nothing of it is there.
            }
        }
    }
}
