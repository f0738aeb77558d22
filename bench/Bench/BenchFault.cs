namespace Rondo.Bench;

/// <summary>The measurement cannot be made, or its result may not be believed.</summary>
internal sealed class BenchFault(string message) : Exception(message);
