using System.Globalization;
using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;

namespace Rondo.Polling.Runtime;

/// <summary>The points of a group in one text, as the database puts them together: fields and points divided by control characters, which no name, unit or setting may have.</summary>
internal static class PointsText
{
    public const char Field = '\u001f';
    public const char Point = '\u001e';

    /// <summary>What the text says, without the source it is for.</summary>
    /// <exception cref="FormatException">The stored settings of a point are damaged.</exception>
    public static ShapeKind Read(string deviceSettings, string text)
    {
        var points = text.Length == 0 ? [] : text.Split(Point);
        var modbus = new ModbusPoint[points.Length];
        var ordinals = new int[points.Length];
        var names = new string[points.Length];
        var units = new string[points.Length];
        for (var i = 0; i < points.Length; i++)
        {
            var fields = points[i].Split(Field, 4);
            ordinals[i] = int.Parse(fields[0], CultureInfo.InvariantCulture);
            names[i] = fields[1];
            units[i] = fields[2];
            modbus[i] = SpecJson.ReadPoint(fields[3]);
        }

        return new ShapeKind(ModbusReadPlan.Build(SpecJson.ReadModbus(deviceSettings), modbus), ordinals, names, units);
    }
}

/// <summary>What devices of one kind have in common.</summary>
internal sealed record ShapeKind(ModbusReadPlan Plan, int[] Ordinals, string[] Names, string[] Units)
{
    /// <summary>The kind, for one group: with a plan of its own, since what one device refuses says nothing about the next.</summary>
    public GroupShape For(long sourceId) => new()
    {
        SourceId = sourceId,
        Plan = Plan.ForAnotherDevice(),
        Ordinals = Ordinals,
        Width = Ordinals.Length == 0 ? 0 : Ordinals[^1] + 1,
        PointNames = Names,
        Units = Units,
    };
}
