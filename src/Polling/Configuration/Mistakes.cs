namespace Rondo.Polling.Configuration;

/// <summary>One thing that is wrong in a device file.</summary>
/// <param name="File">The file's name as it was given.</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column, from 1.</param>
/// <param name="Path">Where in the structure, for example <c>devices[3].interval</c>; empty for the file as a whole.</param>
/// <param name="Message">What was found and what was expected.</param>
public sealed record FileMistake(string File, int Line, int Column, string Path, string Message)
{
    /// <summary><c>file:line:column: path: message</c>, the form editors make clickable.</summary>
    public override string ToString() => $"{File}:{Line}:{Column}: {(Path.Length == 0 ? "" : Path + ": ")}{Message}";
}

/// <summary>One thing that is wrong in a device that did not come from a file.</summary>
/// <param name="Path">Where, for example <c>groups[0].interval</c>, or as a JSON path <c>$.groups[0].interval</c> when it was read from JSON.</param>
/// <param name="Message">What was found and what was expected.</param>
public sealed record SpecMistake(string Path, string Message)
{
    /// <summary><c>path: message</c>.</summary>
    public override string ToString() => $"{Path}: {Message}";
}
