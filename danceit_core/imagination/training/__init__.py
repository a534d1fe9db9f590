"""Training of poseGAN and FaceGAN."""
