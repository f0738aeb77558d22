using System.Text.Json;

namespace Rondo.Jobs;

/// <summary>What came of a batch, as its callback is told.</summary>
/// <param name="Id">The batch.</param>
/// <param name="Title">Its name.</param>
/// <param name="Total">Members.</param>
/// <param name="Done">Of them ended well.</param>
/// <param name="Dead">Of them ended badly.</param>
/// <param name="Cancelled">Of them were cancelled.</param>
/// <param name="Forgotten">Of them ended so long ago that the history does not have them any more.</param>
public sealed record BatchEnd(long Id, string Title, int Total, int Done, int Dead, int Cancelled, int Forgotten)
{
    /// <summary>Name of the entry in the metadata of a callback that holds it, as JSON; an entry of the caller's own of this name is replaced.</summary>
    public const string Name = "batch";

    /// <summary>True when every member ended well.</summary>
    public bool IsWell => Done == Total;

    internal string ToText() => JsonSerializer.Serialize(this, JobArgs.Json);

    internal static BatchEnd? From(IReadOnlyDictionary<string, string> metadata)
    {
        try
        {
            return metadata.TryGetValue(Name, out var text) ? JsonSerializer.Deserialize<BatchEnd>(text, JobArgs.Json) : null;
        }
        catch (JsonException)
        {
            // Somebody else's entry of that name.
            return null;
        }
    }
}
