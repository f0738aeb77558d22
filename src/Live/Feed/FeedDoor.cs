namespace Rondo.Live.Feed;

/// <summary>The address from which one client comes, as far as what it presents is concerned; given by the host.</summary>
public interface IFeedDoor
{
    /// <summary>Who counts as one for the bound on connections that have not said whose they are.</summary>
    string Address { get; }

    /// <summary>True when this address has to wait, and <paramref name="token"/> is not known to be good.</summary>
    bool IsClosed(string token);

    /// <summary>What it presented was no good.</summary>
    void Failed();
}
