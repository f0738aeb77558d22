namespace Rondo.SystemTests.Support;

/// <summary>
/// Most of these tests wait for time to pass, so three run at once. Those in this collection fill the machine, or measure how quickly something happens, and run by
/// themselves after the others.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
