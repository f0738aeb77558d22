namespace Rondo.Nodes;

/// <summary>Redis is not there, does not answer, refuses, or says what cannot be understood. Nothing but a little time is lost by it.</summary>
/// <param name="message">What happened and, where it helps, what to check; never a secret.</param>
/// <param name="inner">What the network said.</param>
internal sealed class RedisFault(string message, Exception? inner = null) : Exception(message, inner);
