import ArgumentParser
import DaybookModel
import Mirror
import Server

struct MirrorPause: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Let nothing be mirrored into a topic, until 'resume'.",
    discussion: """
      Holds for 'mirror run' and 'serve --mirror' on this folder, and for those that start later. \
      What is on its way is committed first.
      """)

  @OptionGroup var data: DataOption
  @Option(help: "The topic that has the events.") var topic = MirrorSettings.standardTopic

  func validate() throws { try TopicName.check(topic) }

  func run() throws {
    let isNew = try data.open().pauseMirror(topic, true)
    try printToStandardOutput(isNew ? "paused" : "it was paused already")
  }
}

/// What a topic may be called.
enum TopicName {
  static func check(_ name: String) throws {
    guard MirrorSettings.isTopicName(name) else {
      throw ValidationError(
        "a topic's name has letters, digits, '.', '_' and '-', at most 249 of them: not '\(name)'")
    }
  }
}
