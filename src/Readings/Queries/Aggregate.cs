namespace Rondo.Readings.Queries;

/// <summary>Which number of a bucket is its value.</summary>
public enum Aggregate
{
    /// <summary>The mean of its readings.</summary>
    Avg,

    /// <summary>Their sum.</summary>
    Sum,

    /// <summary>The lowest.</summary>
    Min,

    /// <summary>The highest.</summary>
    Max,

    /// <summary>The first.</summary>
    First,

    /// <summary>The last.</summary>
    Last,

    /// <summary>What a counter rose by or what interval energy adds up to, holes included.</summary>
    Delta,

    /// <summary>How many readings.</summary>
    Count,
}
