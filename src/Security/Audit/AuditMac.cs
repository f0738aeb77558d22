using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Rondo.Security;

/// <summary>What proves a row of the audit trail: HMAC-SHA256 over fields that each carry their length, so that nothing can be moved from one into the next.</summary>
internal static class AuditMac
{
    /// <summary>That whoever wrote a row had the key: over all it says, and the trail it belongs to.</summary>
    public static string Proof(byte[] key, string identity, AuditRow row) => row.CorrelationId is null && row.TraceId is null
        ? Mac(key, "rondo.audit.row.1", identity, row.Uid, $"{row.At.Micros}", row.ActorKind, row.ActorName, row.ActorFrom, row.Action, row.Subject, row.BeforeJson, row.AfterJson, row.KeyId)
        : Mac(
            key, "rondo.audit.row.2", identity, row.Uid, $"{row.At.Micros}", row.ActorKind, row.ActorName, row.ActorFrom, row.Action, row.Subject, row.BeforeJson, row.AfterJson, row.KeyId,
            row.CorrelationId, row.TraceId);

    /// <summary>That it stands where it stands: over its number, the seal before it and its proof.</summary>
    public static string Seal(byte[] key, string identity, long no, string before, string proof) => Mac(key, "rondo.audit.seal.1", identity, $"{no}", before, proof);

    /// <summary>That whoever put a key into force had it.</summary>
    public static string HandOver(byte[] key, string identity, string from, string to) => Mac(key, "rondo.audit.handover.1", identity, from, to);

    /// <summary>That what stands outside the database was written by whoever has the key.</summary>
    public static string Anchor(byte[] key, string identity, long no, string seal) => Mac(key, "rondo.audit.anchor.1", identity, $"{no}", seal);

    /// <summary>True when both are the same; takes as long for any two.</summary>
    public static bool Same(string one, string other) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));

    private static string Mac(byte[] key, params ReadOnlySpan<string?> fields)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        Span<byte> length = stackalloc byte[4];
        foreach (var field in fields)
        {
            var bytes = field is null ? [] : Encoding.UTF8.GetBytes(field);
            BinaryPrimitives.WriteInt32BigEndian(length, field is null ? -1 : bytes.Length);
            mac.AppendData(length);
            mac.AppendData(bytes);
        }

        return Convert.ToHexStringLower(mac.GetHashAndReset());
    }
}
