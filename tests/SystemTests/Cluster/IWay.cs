namespace Rondo.SystemTests.Cluster;

/// <summary>The way from one node to its database.</summary>
internal interface IWay : IAsyncDisposable
{
    /// <summary>From now on it swallows what is sent, and lets nobody know.</summary>
    void Cut();

    /// <summary>From now on whoever tries learns at once that it does not go.</summary>
    void Break();

    /// <summary>Ends either.</summary>
    void Heal();
}
