using System.Globalization;
using System.Security.Cryptography;

namespace Rondo.Live.Pusher;

/// <summary>What a client has that came by the Pusher protocol.</summary>
/// <param name="address">Who counts as one for the bound on connections that nobody has signed for yet.</param>
internal sealed class PusherPeer(string address)
{
    /// <summary>Name of the connection, by which others sign for it: two random numbers, so that nobody can guess one.</summary>
    public string SocketId { get; } = string.Create(CultureInfo.InvariantCulture, $"{Number()}.{Number()}");

    public string Address { get; } = address;

    // Of one name all of them: a token that was rotated, sessions of one user.
    private const int MostSigners = 16;
    private volatile string[] _signers = [];

    /// <summary>The topics whose channels it has. Touched under the hub's lock only.</summary>
    public HashSet<string> Topics { get; } = [];

    /// <summary>Adds the token or session that signs for it: when one of them ends, it ends. False when too many do. Under the hub's lock only.</summary>
    public bool Sign(string? handle)
    {
        if (handle is null || IsOf(handle))
        {
            return true;
        }

        if (_signers.Length == MostSigners)
        {
            return false;
        }

        _signers = [.. _signers, handle];
        return true;
    }

    /// <summary>True when this token or session has signed for it. From any thread.</summary>
    public bool IsOf(string handle) => Array.IndexOf(_signers, handle) >= 0;

    private static long Number() => BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint)));
}
