/// The table of `schemas/events.md`, and the messages of `event.proto`, as far as they say the same.
struct EventTable {
  struct Row: Equatable {
    var number: Int
    var name: String
    var streams: Set<String>
    var seq: String
    var isPushed: Bool
    /// Names of events that the relay writes.
    var relayed: Set<String>
    var fields: [String]

    /// The relay carries it, as it is, into another stream.
    var isCarriedOver: Bool { relayed.contains(name) }

    func takesSeq(inMailbox: Bool) -> Bool {
      seq == "yes" || (seq == "in a mailbox" && inMailbox)
    }
  }

  var rows: [Row]

  init(markdown: String) {
    rows = markdown.split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst()
        .map { $0.split(separator: " ").joined(separator: " ") }
      guard cells.count == 9, let number = Int(cells[0]), let name = cells[1].backquoted.first
      else {
        return nil
      }
      return Row(
        number: number, name: name,
        streams: Set(cells[2].split(separator: ",").map { $0.filter(\.isLetter) }),
        seq: cells[3], isPushed: cells[4] != "–",
        // What else is quoted there are fields, which hold no event's name.
        relayed: Set(cells[5].backquoted.filter { $0.contains("_") }), fields: cells[7].backquoted)
    }
  }

  /// Fields of each kind, by the kind's name, from the proto's oneof and its messages.
  static func fields(proto: String) -> [String: [String]] {
    var messages: [String: [String]] = [:]
    var kinds: [(type: String, name: String)] = []
    var message = ""
    var inBody = false
    for line in proto.split(separator: "\n") {
      let words = line.split { " ;{}".contains($0) }.map(String.init)
      guard let first = words.first, first != "//" else { continue }
      if first == "message" {
        message = words[1]
        messages[message] = []
      } else if first == "oneof" {
        inBody = true
      } else if let at = words.firstIndex(of: "="), at >= 2 {
        // A field has its type in front of its name; an enum's value has nothing.
        if inBody, message == "Event" {
          kinds.append((words[at - 2], words[at - 1]))
        } else {
          messages[message, default: []].append(words[at - 1])
        }
      }
      if line == "  }" { inBody = false }
    }
    return Dictionary(uniqueKeysWithValues: kinds.map { ($0.name, messages[$0.type] ?? ["?"]) })
  }
}
