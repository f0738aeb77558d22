using Rondo.Imports.Files;
using Rondo.Imports.Profiles;

namespace Rondo.Imports.Formats;

/// <summary>A file whose every row stands for itself, under a header or without one: a unit is a row.</summary>
internal abstract class RowFormat(RecordReader records, Profile profile, Header header) : FormatReader(records, profile)
{
    public override string? HeaderText { get; } = header.Count == 0 ? null : string.Join('\u001f', header.Names);

    protected Header Header => header;

    protected override bool ReadUnit(Batch batch, out Reject? reject)
    {
        reject = null;
        if (!Records.Read())
        {
            return false;
        }

        reject = Records.Problem is { } broken ? Rejected("", default, broken) : ReadRow(batch);
        return true;
    }

    /// <summary>Adds what is in the row that was read; what is wrong with it, or null.</summary>
    protected abstract Reject? ReadRow(Batch batch);
}
