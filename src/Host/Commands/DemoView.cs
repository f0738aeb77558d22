using System.Globalization;
using Rondo.Live;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Rondo.Host.Commands;

/// <summary>The live view of a demo: drawn on a terminal, or as a line where there is none.</summary>
internal static class DemoView
{
    private static readonly string[] _shown = ["voltage_l1", "current_l1", "power_total", "energy_import"];

    /// <summary>The whole picture.</summary>
    public static IRenderable Draw(DemoMoment moment)
    {
        var poller = moment.Poller;
        var numbers = new Grid().AddColumns(4);
        numbers.AddRow(
            Pair("devices", $"{moment.Online:N0} of {moment.Settings.Devices:N0} online"),
            Pair("slots/s", $"{moment.SlotsPerSecond:0.0}"),
            Pair("lateness p50", Ms(poller.LatenessP50Ms)),
            Pair("p99", Ms(poller.LatenessP99Ms)));
        numbers.AddRow(
            Pair("ok", $"{poller.Ok:N0}", "green"),
            Pair("partial", $"{poller.Partial:N0}", poller.Partial > 0 ? "yellow" : ""),
            Pair("failed", $"{poller.Failed:N0}", poller.Failed > 0 ? "red" : ""),
            Pair("missed", $"{poller.Missed:N0}", poller.Missed > 0 ? "red" : ""));

        var newest = new Table { Border = TableBorder.Rounded, Title = new TableTitle("newest values") };
        newest.AddColumn("device");
        newest.AddColumn("slot (UTC)");
        foreach (var point in _shown)
        {
            newest.AddColumn(new TableColumn(point).RightAligned());
        }

        foreach (var readings in moment.Newest)
        {
            newest.AddRow([new Text(readings.Device), new Text(readings.Slot.ToDateTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)), .. _shown.Select(p => new Text(Value(readings, p)))]);
        }

        var foot = moment.Settings.Devices > moment.Newest.Count ? $"and {moment.Settings.Devices - moment.Newest.Count} more. " : "";
        return new Rows(numbers, newest, new Text($"{foot}Ctrl-C stops and proves that no slot is missing.", new Style(decoration: Decoration.Dim)));
    }

    /// <summary>The same in one line.</summary>
    public static string Line(DemoMoment moment)
    {
        var poller = moment.Poller;
        var example = moment.Newest.Count > 0 ? $", {moment.Newest[0].Device}/energy_import {Value(moment.Newest[0], "energy_import")}" : "";
        return $"{moment.At.ToDateTime():HH:mm:ss} {moment.Online} of {moment.Settings.Devices} online, {moment.SlotsPerSecond:0.0} slots/s, ok {poller.Ok}, partial {poller.Partial}, failed {poller.Failed}, missed {poller.Missed}, "
            + $"lateness p50 {Ms(poller.LatenessP50Ms)} p99 {Ms(poller.LatenessP99Ms)}{example}";
    }

    private static Markup Pair(string name, string value, string colour = "") =>
        new($"[dim]{name.EscapeMarkup()}[/] [{(colour.Length > 0 ? colour + " " : "")}bold]{value.EscapeMarkup()}[/]");

    private static string Value(DeviceReadings readings, string point)
    {
        var index = Array.IndexOf(readings.Points, point);
        return index < 0 || readings.Values[index] is not { } value ? "-" : $"{value:0.00} {readings.Units[index]}";
    }

    private static string Ms(double? ms) => ms is { } some ? $"{some:0.0} ms" : "-";
}
