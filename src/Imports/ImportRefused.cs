namespace Rondo.Imports;

/// <summary>Something about a file, a profile or a wish that cannot be done as it is, however often it is tried. The message says what was found and what to do.</summary>
/// <param name="message">What was found, and what to do.</param>
/// <param name="inner">What it comes from, or null.</param>
public sealed class ImportRefused(string message, Exception? inner = null) : Exception(message, inner);
