namespace Rondo.Polling;

/// <summary>Outcomes that a node brought after it had been declared dead: none of them was written.</summary>
/// <param name="Node">The incarnation.</param>
/// <param name="Count">How many.</param>
public sealed record RefusedOutcomes(string Node, int Count);
