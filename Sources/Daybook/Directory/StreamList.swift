import ArgumentParser
import DaybookModel
import Ports

/// Prints all streams.
struct StreamList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Print all streams: groups and mailboxes, with their partition and head.",
    discussion: "The head is the seq of the last event that clients are sent.")

  @OptionGroup var asked: AskedOption
  @OptionGroup var json: JSONOption

  func run() async throws {
    try await asked.asking { answers in
      try await Listing.print(
        [("stream", .left), ("partition", .right), ("head", .right)], asJSON: json.isSet,
        next: { (last: StreamSummary?, limit) in
          try await answers.inspection.streams(after: last?.stream, limit: limit)
        },
        cells: { one in
          [one.stream.text, "\(one.partition)", "\(one.head)"]
        },
        line: { one in
          var line = JSONLine()
          line.set("stream", one.stream.text)
          line.set("partition", one.partition.rawValue)
          line.set("head", one.head.rawValue)
          return line
        })
    }
  }
}
