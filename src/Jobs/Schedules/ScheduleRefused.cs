namespace Rondo.Jobs;

/// <summary>A schedule that was not accepted, or does not let itself be changed so. Nothing is stored.</summary>
/// <param name="field">Which part of it is wrong: <c>name</c>, <c>cron</c>, <c>zone</c>, <c>every</c>, <c>kind</c>, <c>args</c> (with a JSON pointer into them behind it), <c>missed</c>, <c>overlap</c>, or an option of its jobs such as <c>metadata</c>; empty for the whole.</param>
/// <param name="message">What is wrong and what to do.</param>
/// <param name="isTaken">True when it is only that the name is taken.</param>
public sealed class ScheduleRefused(string field, string message, bool isTaken = false) : Exception(message)
{
    /// <summary>Which part is wrong.</summary>
    public string Field { get; } = field;

    /// <summary>True when it is only that the name is taken.</summary>
    public bool IsTaken { get; } = isTaken;
}
