namespace Rondo.Polling.Configuration;

/// <summary>A rule that a device breaks, and where: the reader of a file turns it into a line, the API into a path.</summary>
/// <param name="Group">Index of the group, or -1 for the device itself.</param>
/// <param name="Point">Index of the point in the group, or -1.</param>
/// <param name="Field">The field at fault; empty for the whole.</param>
/// <param name="Message">What was found and what was expected.</param>
internal sealed record RuleBreak(int Group, int Point, string Field, string Message)
{
    /// <summary>Other fields the rule looked at: when one of them could not be read, the break is only a consequence.</summary>
    public IReadOnlyList<string> Uses { get; init; } = [];

    /// <summary>It is allowed, but most likely not meant.</summary>
    public bool IsWarning { get; init; }

    /// <summary>The place as a path within the device.</summary>
    public string Path
    {
        get
        {
            var place = Group < 0 ? "" : Point < 0 ? $"groups[{Group}]" : $"groups[{Group}].points[{Point}]";
            return Field.Length == 0 ? place : place.Length == 0 ? Field : $"{place}.{Field}";
        }
    }
}
