namespace Rondo.Readings.Queries;

/// <summary>What an answer has where a bucket has no readings.</summary>
public enum GapFill
{
    /// <summary>Nothing: the bucket is left out.</summary>
    None,

    /// <summary>The bucket with no value.</summary>
    Null,

    /// <summary>The value of the bucket before.</summary>
    Previous,

    /// <summary>A value on the straight line between the bucket before and the one after.</summary>
    Linear,
}
