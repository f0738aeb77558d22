namespace Rondo.Storage.Schema;

/// <summary>
/// Who still runs a program older than <paramref name="oldest"/>. The migrator asks in the transaction of the migration that would no longer serve them; the
/// answer must hold until that transaction ends. Told by whoever knows what runs on a database, which Storage does not.
/// </summary>
/// <param name="tx">The transaction of the migration, under the lock of all migrators.</param>
/// <param name="oldest">The oldest version that the migration leaves running.</param>
public delegate IReadOnlyList<RunningProgram> StillRunning(Transaction tx, Version oldest);

/// <summary>A program that runs on a database.</summary>
/// <param name="Node">Its node.</param>
/// <param name="Version">Its version, as it gave it.</param>
/// <param name="Host">Where.</param>
public sealed record RunningProgram(string Node, string Version, string Host);
