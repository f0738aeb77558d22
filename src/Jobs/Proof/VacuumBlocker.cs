namespace Rondo.Jobs;

/// <summary>Who holds back PostgreSQL's cleaning up of the tables of jobs: claims slow down with every dead row that has to stay.</summary>
/// <param name="Kind"><c>session</c>, <c>prepared</c> (a prepared transaction) or <c>slot</c> (a replication slot).</param>
/// <param name="Name">Process id, name of the prepared transaction, or name of the slot.</param>
/// <param name="Application">application_name of the session; empty for the others.</param>
/// <param name="User">Whose it is; empty for a slot.</param>
/// <param name="State">active, idle in transaction, …</param>
/// <param name="AgeS">Age of its transaction in seconds; 0 for a slot, of which only <paramref name="Transactions"/> is known.</param>
/// <param name="Transactions">So many transactions have begun since what it holds.</param>
/// <param name="Query">Its last statement, at most 500 characters.</param>
/// <param name="ToEnd">The statement that ends it.</param>
public sealed record VacuumBlocker(string Kind, string Name, string Application, string User, string State, double AgeS, int Transactions, string Query, string ToEnd);

/// <summary>What the last look found.</summary>
/// <param name="DeadRows">Rows of the tables that are claimed from which are gone and not yet cleaned up, as the server estimates.</param>
/// <param name="Blockers">Those past the limits, the oldest first; at most 20.</param>
public sealed record VacuumReport(long DeadRows, IReadOnlyList<VacuumBlocker> Blockers);
