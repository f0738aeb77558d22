namespace Rondo.Jobs;

/// <summary>What is wrong with arguments although they fit their record.</summary>
/// <param name="Pointer">Where, as a JSON pointer (RFC 6901).</param>
/// <param name="Problem">What is wrong and what was expected.</param>
public sealed record JobArgsProblem(string Pointer, string Problem);
