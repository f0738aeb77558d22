namespace Rondo.Imports.Load;

/// <summary>What a chunk adds to the numbers of its import.</summary>
internal sealed record ImportCounts
{
    public long Values { get; set; }

    public long Inserted { get; set; }

    public long Replaced { get; set; }

    public long Kept { get; set; }

    public long Same { get; set; }

    public long Skipped { get; set; }

    public long Missing { get; set; }

    public long Rejected { get; set; }
}
