/// Reactions by the emoji's name in Slack. Those of this table become the emoji itself; what a
/// workspace has made itself, and all others, stay `:name:`.
enum SlackEmoji {
  private static let names: [String: String] = [
    "+1": "👍", "thumbsup": "👍", "-1": "👎", "thumbsdown": "👎", "ok_hand": "👌", "clap": "👏",
    "raised_hands": "🙌", "pray": "🙏", "wave": "👋", "muscle": "💪", "point_up": "☝️",
    "v": "✌️", "crossed_fingers": "🤞", "hand": "✋", "raised_hand": "✋", "fist": "✊",
    "handshake": "🤝", "eyes": "👀", "heart": "❤️", "blue_heart": "💙", "green_heart": "💚",
    "yellow_heart": "💛", "purple_heart": "💜", "orange_heart": "🧡", "black_heart": "🖤",
    "broken_heart": "💔", "tada": "🎉", "confetti_ball": "🎊", "balloon": "🎈", "gift": "🎁",
    "birthday": "🎂", "cake": "🍰", "beer": "🍺", "beers": "🍻", "champagne": "🍾", "coffee": "☕",
    "pizza": "🍕", "smile": "😄", "smiley": "😃", "grinning": "😀", "grin": "😁", "joy": "😂",
    "laughing": "😆", "rolling_on_the_floor_laughing": "🤣", "sweat_smile": "😅", "wink": "😉",
    "blush": "😊", "slightly_smiling_face": "🙂", "heart_eyes": "😍", "sunglasses": "😎",
    "thinking_face": "🤔", "cry": "😢", "sob": "😭", "scream": "😱", "rage": "😡", "angry": "😠",
    "disappointed": "😞", "confused": "😕", "open_mouth": "😮", "astonished": "😲", "flushed": "😳",
    "face_with_rolling_eyes": "🙄", "neutral_face": "😐", "shrug": "🤷", "facepalm": "🤦",
    "exploding_head": "🤯", "partying_face": "🥳", "star-struck": "🤩", "saluting_face": "🫡",
    "100": "💯", "fire": "🔥", "rocket": "🚀", "star": "⭐", "sparkles": "✨", "zap": "⚡",
    "boom": "💥", "bulb": "💡", "bug": "🐛", "lock": "🔒", "key": "🔑", "bell": "🔔", "warning": "⚠️",
    "rotating_light": "🚨", "question": "❓", "exclamation": "❗", "white_check_mark": "✅",
    "heavy_check_mark": "✔️", "ballot_box_with_check": "☑️", "x": "❌", "no_entry": "⛔",
    "heavy_plus_sign": "➕", "heavy_minus_sign": "➖", "arrow_up": "⬆️", "arrow_down": "⬇️",
    "hourglass": "⌛", "calendar": "📅", "memo": "📝", "pushpin": "📌", "mag": "🔍", "robot_face": "🤖",
    "ghost": "👻", "skull": "💀", "see_no_evil": "🙈", "cat": "🐱", "dog": "🐶", "sunny": "☀️",
    "rainbow": "🌈", "checkered_flag": "🏁", "trophy": "🏆", "medal": "🏅", "moneybag": "💰",
    "construction": "🚧", "wrench": "🔧", "package": "📦", "speech_balloon": "💬", "rip": "🪦",
  ]

  private static let tones = ["🏻", "🏼", "🏽", "🏾", "🏿"]

  /// The reaction of that name; `+1::skin-tone-3` has the tone of a skin behind it.
  static func reaction(_ name: String) -> String {
    let parts = name.components(separatedBy: "::skin-tone-")
    guard let emoji = names[parts[0]] else { return ":\(name):" }
    guard parts.count == 2 else { return parts.count == 1 ? emoji : ":\(name):" }
    guard let tone = Int(parts[1]), (2...6).contains(tone) else { return ":\(name):" }
    return emoji + tones[tone - 2]
  }

}

extension String {
  fileprivate func components(separatedBy separator: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let range = rest.firstRange(of: separator) {
      parts.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return parts + [String(rest)]
  }
}
