using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Rondo.Security;

/// <summary>Where Data Protection keeps its keys: in the key ring, one file each, wrapped by the master key where there is one. Used by whoever holds the lock of the ring.</summary>
internal sealed class RingRepository(RingFolder ring) : IXmlRepository
{
    private const string Pattern = "secrets-*.key";

    /// <summary>The files there are; a different list means that somebody has made a key.</summary>
    public string[] Files => Directory.Exists(ring.Path) ? [.. Directory.EnumerateFiles(ring.Path, Pattern).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)] : [];

    /// <inheritdoc/>
    public IReadOnlyCollection<XElement> GetAllElements() => [.. Files.Select(file => XElement.Parse(ring.Read(file)))];

    /// <inheritdoc/>
    public void StoreElement(XElement element, string friendlyName) => ring.Write($"secrets-{friendlyName}.key", element.ToString(SaveOptions.DisableFormatting));
}
