namespace Rondo.Bench;

/// <summary>What came of a fan-out; medians of the runs. Told in bench/README.md.</summary>
internal sealed record LiveResult
{
    public required string Database { get; init; }

    public required int Clients { get; init; }

    public required int Rate { get; init; }

    public required int Seconds { get; init; }

    public required int Runs { get; init; }

    public required double DeliveredPerS { get; init; }

    /// <summary>Messages that did not arrive within the time that was waited for them.</summary>
    public required long Missing { get; init; }

    public required double P50Ms { get; init; }

    public required double P99Ms { get; init; }

    /// <summary>Memory of the server for one more connected client that is idle, KiB in RAM.</summary>
    public required double KbPerClient { get; init; }

    /// <summary>CPU of the server for one delivered message, µs.</summary>
    public required double ServerCpuUs { get; init; }

    /// <summary>Messages a second when more is published than can be delivered.</summary>
    public required double SaturatedPerS { get; init; }

    public required double SaturatedCpuUs { get; init; }

    /// <summary>Messages a second at saturation by those of the bare server, turn by turn; null when it was not measured.</summary>
    public double? WsRatio { get; init; }

    public double? WsDeliveredPerS { get; init; }

    public double? WsP50Ms { get; init; }

    public double? WsP99Ms { get; init; }

    public double? WsKbPerClient { get; init; }

    public double? WsServerCpuUs { get; init; }

    public double? WsSaturatedPerS { get; init; }

    public double? WsSaturatedCpuUs { get; init; }

    public required string Commit { get; init; }
}
