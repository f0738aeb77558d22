namespace Rondo.Jobs;

/// <summary>Names of queues and kinds.</summary>
internal static class Names
{
    public static bool IsFit(string? name) => name is { Length: > 0 and <= 60 } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
}
