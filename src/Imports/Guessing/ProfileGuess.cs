namespace Rondo.Imports.Guessing;

/// <summary>One thing that was found out about a file, or could not be.</summary>
/// <param name="Part">What it is about: <c>encoding</c>, <c>dates</c>.</param>
/// <param name="Value">What is proposed.</param>
/// <param name="Certainty"><c>certain</c> (the file says so), <c>likely</c> (all that was seen fits), <c>assumed</c> (nothing says it) or <c>unclear</c> (what was seen fits more than one).</param>
/// <param name="Why">What speaks for it.</param>
public sealed record GuessPart(string Part, string Value, string Certainty, string Why)
{
    internal const string Certain = "certain";
    internal const string Likely = "likely";
    internal const string Assumed = "assumed";
    internal const string Unclear = "unclear";
}

/// <summary>Which of two numbers of a date is the day, where somebody knows it.</summary>
public enum DateOrder
{
    /// <summary>Nobody has said.</summary>
    Unknown,

    /// <summary>01/02 is the first of February.</summary>
    DayFirst,

    /// <summary>01/02 is the second of January.</summary>
    MonthFirst,
}

/// <summary>What is proposed for reading a file.</summary>
public sealed record ProfileGuess
{
    /// <summary>Name of the proposed profile.</summary>
    public required string Name { get; init; }

    /// <summary>The profile as YAML; null when nothing of the file can be made out.</summary>
    public string? Yaml { get; init; }

    /// <summary>How sure each part is, and why.</summary>
    public required IReadOnlyList<GuessPart> Parts { get; init; }

    /// <summary>What the proposed profile makes of the first rows of the file; null without one.</summary>
    public ImportTrial? Trial { get; init; }

    /// <summary>True when somebody has to say more before it may be relied on.</summary>
    public bool IsUnclear => Parts.Any(p => p.Certainty == GuessPart.Unclear);

    /// <summary>True when it reads the file, and nothing about it is unclear.</summary>
    public bool IsGood => Trial is { Refusal: null, Values: > 0 } && !IsUnclear;
}
