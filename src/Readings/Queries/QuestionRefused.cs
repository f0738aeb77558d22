namespace Rondo.Readings.Queries;

/// <summary>A question that is not answered as it is; the message says what to ask instead.</summary>
/// <param name="message">Why, and what to ask.</param>
public sealed class QuestionRefused(string message) : Exception(message);
