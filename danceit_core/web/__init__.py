"""What the local web servers share: the guard, answers, pages and listening (`user_study`, `cutting_room`)."""
