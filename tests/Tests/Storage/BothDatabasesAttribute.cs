using System.Reflection;
using Rondo.Storage;
using Xunit.Sdk;
using Xunit.v3;

namespace Rondo.Tests.Storage;

/// <summary>Runs a theory once on SQLite and once on PostgreSQL: a store keeps its promises on both or on none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BothDatabasesAttribute : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new([new TheoryDataRow<DatabaseKind>(DatabaseKind.Sqlite), new TheoryDataRow<DatabaseKind>(DatabaseKind.Postgres)]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
